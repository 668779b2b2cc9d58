"""Guided labs: their notebooks are written from one master, their known mistakes are code, their checks look at the registry.

A lab's folder holds:

    master.ipynb     story, tasks and solutions, marked: the one source of the two notebooks below
    lab.ipynb        what a learner opens: solutions replaced by blanks (`python -m ecrlab.labs generate` writes it)
    solution.ipynb   the same with the solutions in (written too)
    lab.toml         title, minutes, names it owns, questions, hints; its solutions are written from the master
    checks.py        `CHECKS`, one for each task; `prepare(lab)`; `PUBLIC_REPOSITORIES`. What has many nouns is a package, `checks/`
    mistakes.py      `MISTAKES`: what learners are known to do, and what the check must say to it
    starter/         files that learners edit; `guide.prepare()` copies them to `work/`

How a master is marked: see `ecrlab.labs.master`.
"""
