"""Amazon Inspector, as far as it looks at images in ECR: its operations, its findings, and who has it enabled."""
