"""Files: written whole or not at all, read within bounds, identified by digests.

- `documents`: YAML text as a tree in which every node knows its place; shipped files
- `files`: files written whole or not at all; digests
- `places`: what stands at a place: names in a folder, a file to replace or a stream to write into, an exported run
- `stops`: what a command that does not come to its end says: what it has stored, and how the work goes on
- `netcdf`: arrays in files, read within bounds
- `code_digests`: digests of the code that numbers rest on, by role
"""
