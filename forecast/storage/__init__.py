"""Files: written whole or not at all, read within bounds, identified by digests.

- `files`: files written whole or not at all; digests
- `netcdf`: arrays in files, read within bounds
- `archives`: ZIP archives told from other files, where an exported run is given for what lies in it
- `code_digests`: digests of the code that numbers rest on, by role
"""
