"""CloudWatch's numbers: series computed from the ledger and from what learners put, the mathematics on them, and alarms.

What AWS measures by itself (``AWS/ECR``, ``AWS/Usage``) is stored nowhere: it is counted when somebody asks.
"""
