"""The report: a folder of pages that opens from disk, where people look at a release before they believe it.

    from prompt2sign.report import ReportOptions, write_report

    written = write_report("releases/gsl", "gsl-report", ReportOptions(work="work"))
    print(written.index)                      # open it in any browser

`survey` counts, `chunks` writes data as scripts that a page from disk may load, `page/` is what the browser runs.
"""

from .write import ReportOptions, Written, write_report

__all__ = ["ReportOptions", "Written", "write_report"]
