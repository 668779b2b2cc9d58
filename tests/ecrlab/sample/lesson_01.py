"""The sample's checks."""

from ecrlab.check import done, not_tried, not_yet

PUBLIC_REPOSITORIES = ["shop"]


def first_push(lab):
    names = [each["repositoryName"] for each in lab.reader("ecr").describe_repositories()["repositories"]]
    if not names:
        return not_tried()
    if "web" not in names:
        return not_yet("A repository must have the name that images are pushed to.", next="Look at ecr.describe_repositories().")
    return done()


def broken(lab):
    raise KeyError("repositories")


CHECKS = {"first-push": first_push, "broken": broken}
