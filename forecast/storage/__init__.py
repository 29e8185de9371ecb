"""Files: written whole or not at all, read within bounds, identified by digests.

- `files`: files written whole or not at all; digests
- `targets`: what stands where a file is to be written: one to replace, or a pipe to write into
- `folders`: what lies in folders, and by which names they go
- `stops`: what a command that does not come to its end says: what it has stored, and how the work goes on
- `netcdf`: arrays in files, read within bounds
- `archives`: ZIP archives told from other files, where an exported run is given for what lies in it
- `code_digests`: digests of the code that numbers rest on, by role
"""
