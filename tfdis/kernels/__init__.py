"""Compiled inner loops (numba), imported when first used: numba takes 0.6 seconds to import.

Each file stands alone: numba's cache on disk looks for changes in the function's own file only.
"""
