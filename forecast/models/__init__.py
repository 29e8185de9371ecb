"""The models PyMC fits, one a file: what each sees, its priors and likelihood, and the rows the engine gets from it.

The equations are those of `processes`, which also says what the rows mean. No model has a latent state a quarter:
shocks are recovered from the data, the moving average by a triangular matrix. Free parameters live on the whole real
line, flows are the first axis, and data that change from fit to fit enter as `pm.Data`, so that compiled code is used
again when only numbers change.
"""
