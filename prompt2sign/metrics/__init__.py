"""Measures of motion and text, and what they are held against. NumPy and SciPy; text needs the extra `train`."""
