"""Make the project's synthetic data.

`python -m prompt2sign.synthetic OUT` makes the embedded sample again (needs the `render` extra; minutes).
`python -m prompt2sign.synthetic phrases OUT` writes releases of invented signs in several languages, to judge a
trainer by (seconds); `phrases --help` says more.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..errors import Prompt2SignError


def main(arguments: list[str]) -> int:
    """Do what the arguments ask for; returns the exit code."""
    if arguments[:1] == ["phrases"]:
        command, wishes = _phrases, arguments[1:]
    elif len(arguments) == 1 and not arguments[0].startswith("-"):
        command, wishes = _sample, arguments
    else:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        command(wishes)
    except Prompt2SignError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def _sample(arguments: list[str]) -> None:
    from .sample import make_sample

    make_sample(Path(arguments[0]))


def _phrases(arguments: list[str]) -> None:
    from .phrase_difficulty import difficulty
    from .phrases import write_phrases

    parser = argparse.ArgumentParser(
        "python -m prompt2sign.synthetic phrases",
        description="Write releases of sentences in invented signs, one a language, and say how hard they are.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="folder of the releases")
    parser.add_argument("--languages", default="gsl,asl,tsl", help="codes with commas between")
    parser.add_argument("--sentences", type=int, default=500, help="training sentences; dev and test have a tenth each")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same bytes")
    parser.add_argument("--fps", type=float, default=12.5, help="frames per second")
    parser.add_argument("--signers", type=int, default=3, help="bodies, which take turns")
    wanted = parser.parse_args(arguments)
    codes = [code.strip().upper() for code in wanted.languages.split(",")]
    releases = write_phrases(wanted.out, codes, wanted.sentences, wanted.seed, fps=wanted.fps, n_signers=wanted.signers)
    for release, (language, numbers) in zip(releases, difficulty(*releases).items(), strict=True):
        print(f"{release} ({language})")
        for name, number in numbers.items():
            print(f"  {name:<20} {number:g}" if isinstance(number, int) else f"  {name:<20} {number:.3g}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
