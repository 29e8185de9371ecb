"""The scenario language: from YAML text to a frozen `Scenario`, judged on the way.

An entity is one frozen class: its form in YAML, its schema and its value at once, with its rules in the same file.

- `scenario`: the frozen `Scenario` with every key of its file; load, dump, digest
- `investments`: announcements of investment, coefficients that differ, double counting
- `dependencies`: phases, programmes, correlations and ties between announcements
- `policy`: tariffs and import commitments
- `drivers`: driver paths and shocks
- `memory`: how the height of memory above its trend passes
- `localization`: localization paths
- `mixture`: weighted mixtures of scenarios
- `weights`: weights of their branches set on the command line
- `entity`: how a frozen class is read from YAML, described and written back
- `dates`: how a date is written
- `numerals`: numbers written as text, and what to write in their place
- `money`: how an amount is written, and won become USD
- `layers`: `extends`, merging, and which override hides another
- `overrides`: what an override says, as `-s` takes it
- `validation`: problems and remarks of a file, and a scenario to start from
- `library`: announcements as the shipped scenarios state them, and what a plant looks like
- `own`: announcements of a user that lie over the table, and what a scenario states of each
- `tracker`: a table of plants becomes a scenario
- `schema_errors`: messages about keys and values the schema refuses, misspelt keys among them
- `rules`: problems between values, correlations among them, which stop a run
- `warnings`: remarks, which do not
- `unused`: remarks on what has no effect
- `unused_duties`: the same of tariffs, and those that end with nothing in their place
- `entries`: entries of lists as rules read them: typed values, each with its place
- `inputs`: the registry of uncertain inputs by YAML path, and single numbers as stated
- `json_schema`: JSON Schema for editors, and the reference page
- `contrasts`: differences between two scenarios
- `selection`: scenarios with some of their plants, and what a run was set to, set again
"""
