"""Stored runs: made, found again, read.

- `run`: scenario, posterior and settings in, a stored result out
- `results`: files of a run, written whole or not at all, and read back
- `archive`: runs found in their folders, and outcomes observed since
"""
