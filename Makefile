# Every target makes the environment first, from requirements.lock, and again only when the lock has changed.
# Without make the same is:
#   python -m venv .venv
#   .venv/bin/python -m pip install --require-hashes -r requirements.lock
#   .venv/bin/python -m pip install --no-deps --no-build-isolation -e .

.PHONY: help environment lab test course bench fidelity twins lock clean
.DELETE_ON_ERROR:

RUN = .venv/bin
INSTALL = $(RUN)/python -m pip --disable-pip-version-check install --quiet

help:  ## what each target does
	@sed -n 's/^\([a-z]*\):.*  ## \(.*\)/make \1~\2/p' Makefile | awk -F '~' '{ printf "%-17s %s\n", $$1, $$2 }'

lab: .venv/installed  ## start the lab and open JupyterLab on the first lesson
	@$(RUN)/ecrlab lab

# In three processes, since most of the time is waiting for notebooks, browsers and the learners of labs.
PAGES = tests/browser tests/notebooks
LEARNERS = tests/labs tests/lessons

test: .venv/installed  ## run every test
	@pages=$$(mktemp); learners=$$(mktemp); status=0; \
	$(RUN)/python -m pytest $(PAGES) >"$$pages" 2>&1 & one=$$!; \
	$(RUN)/python -m pytest $(LEARNERS) >"$$learners" 2>&1 & two=$$!; \
	$(RUN)/python -m pytest $(addprefix --ignore=,$(PAGES) $(LEARNERS)) || status=$$?; \
	wait $$one || status=$$?; wait $$two || status=$$?; \
	cat "$$pages" "$$learners"; rm -f "$$pages" "$$learners"; exit $$status

course: .venv/installed  ## run all lessons without a browser, a line each
	@$(RUN)/ecrlab course

bench: .venv/installed  ## run the benchmarks
	$(RUN)/python -m bench

fidelity: .venv/installed  ## write what the tests prove of each operation into docs/fidelity.md
	$(RUN)/python -m pytest tests/localecr --write-fidelity

twins: .venv/installed  ## write the lessons' executed twins anew, after a lesson has changed
	$(RUN)/python tests/notebooks/twins.py

environment: .venv/installed  ## only make the environment, in .venv

# A command named python3.13 may exist and not run (a version manager's stand-in), or lack venv (Debian without python3-venv): try each.
.venv/locked: requirements.lock
	@for python in python3.13 python3.12 python3.11 python3 python; do \
		if $$python -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then \
			echo "Making the environment in .venv with $$($$python --version). This takes a minute, once."; \
			exec $$python -m venv --clear .venv; \
		fi; \
	done; \
	echo "No Python 3.11, 3.12 or 3.13 that can make environments was found. Install one (on Debian and Ubuntu: apt install python3 python3-venv) and run make again." >&2; \
	exit 1
	@if uv --version >/dev/null 2>&1 && uv pip install --quiet --python $(RUN)/python --require-hashes -r requirements.lock; then :; \
	else $(INSTALL) --require-hashes -r requirements.lock; fi
	@touch $@

.venv/installed: .venv/locked pyproject.toml
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@$(RUN)/python -c 'import matplotlib.font_manager'  # lists the fonts now, not in the middle of a lesson
	@touch $@

lock:  ## pin what pyproject.toml asks for, keeping pins that still fit (needs uv: pip install uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --group test --group build \
		--no-header -q -o requirements.lock pyproject.toml

clean:  ## remove the environment and what tests leave; your lab in .ecrlab stays
	rm -rf .venv .pytest_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
