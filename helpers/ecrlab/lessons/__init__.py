"""The lessons' questions, hints, solutions and checks: `lesson_02.toml` and `lesson_02.py` belong to `notebooks/02-….ipynb`."""
