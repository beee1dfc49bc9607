"""JSON Schemas made from the code's own models: `python -m prompt2sign.schemas FOLDER` writes them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pydantic import BaseModel

from .options import Pipeline
from .signllm.options import TrainOptions

_MODELS: dict[str, type[BaseModel]] = {"pipeline.schema.json": Pipeline, "train.schema.json": TrainOptions}


def schema_files() -> dict[str, str]:
    """Content of every generated file of `schemas/` by its name."""
    return {
        name: json.dumps(model.model_json_schema(), indent=2, ensure_ascii=False) + "\n"
        for name, model in _MODELS.items()
    }


if __name__ == "__main__":
    for name, content in schema_files().items():
        (Path(sys.argv[1]) / name).write_text(content, encoding="utf-8")
