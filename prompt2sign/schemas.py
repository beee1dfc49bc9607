"""JSON Schemas made from the code's own models: `python -m prompt2sign.schemas FOLDER` writes them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from .options import Pipeline


def schema_files() -> dict[str, str]:
    """Content of every generated file of `schemas/` by its name."""
    schema = Pipeline.model_json_schema()
    return {"pipeline.schema.json": json.dumps(schema, indent=2, ensure_ascii=False) + "\n"}


if __name__ == "__main__":
    for name, content in schema_files().items():
        (Path(sys.argv[1]) / name).write_text(content, encoding="utf-8")
