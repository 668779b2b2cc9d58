"""Events: what the registry announces, how rules choose among it, and how it reaches their targets. AWS: Amazon EventBridge."""
