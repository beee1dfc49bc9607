"""Prompts: templates, one file a language, and the rule that fills them with a clip's text."""

from .fill import PLACEHOLDER, load_templates, prompts_for

__all__ = ["PLACEHOLDER", "load_templates", "prompts_for"]
