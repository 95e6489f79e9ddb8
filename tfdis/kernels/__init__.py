"""Compiled inner loops (numba). Imported when first used: numba takes most of a second to import."""
