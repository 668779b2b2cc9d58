"""AWS IAM's policy language: documents read and judged. It knows neither database nor HTTP; only the simulator asks the
database, for what is attached to whom it simulates.

Sources of the rules: the IAM user guide ("IAM JSON policy reference", "Policy evaluation logic").
"""
