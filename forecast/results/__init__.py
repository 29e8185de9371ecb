"""Stored runs: made, found again, read.

- `run`: scenario, posterior and settings in, a stored result out
- `precision`: how many draws make a named number as precise as is asked for
- `results`: files of a run, written whole or not at all, and read back
- `highlights`: what of a run an answer tells: its years, signs, policies that do anything, the first quarter ahead
- `manifest`: what made a run and when, and digests of its files
- `checkpoints`: how far a run has come, to go on from if it is stopped
- `draws`: the file of its draws
- `rerun`: a stored run made again, to see whether it comes out as it was stored
- `crate`: a run as one file for another person
- `archive`: runs found in their folders, and outcomes observed since
"""
