"""Files: written whole or not at all, read within bounds, identified by digests.

- `files`: files written whole or not at all; digests
- `netcdf`: arrays in files, read within bounds
- `code_digests`: digests of the code that numbers rest on, by role
"""
