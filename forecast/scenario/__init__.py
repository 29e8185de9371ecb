"""The scenario language: from YAML text to a frozen `Scenario`, judged on the way.

- `schema`: keys of a scenario file, their meaning and unit
- `scenario`: the frozen `Scenario`; load, dump, digest
- `mixture`: weighted mixtures of scenarios
- `policy`: tariffs and import commitments
- `drivers`: driver paths and shocks
- `dependencies`: phases, programmes, correlations and ties between announcements
- `localization`: localization paths
- `dates`: how a date is written
- `money`: how an amount is written, and won become USD
- `entries`: entries of lists as rules read them
- `inputs`: the registry of uncertain inputs by YAML path, and single numbers as stated
- `correlations`: rules of correlations between them
- `layers`: `extends`, merging and `-s` overrides
- `rules`: problems, which stop a run
- `warnings`: remarks, which do not
- `unused`: remarks on changes that change nothing
- `schema_errors`: messages about keys and values the schema refuses, misspelt keys among them
- `validation`: everything found in a file, and a scenario to start from
- `json_schema`: JSON Schema for editors, and the reference page
- `contrasts`: differences between two scenarios
"""
