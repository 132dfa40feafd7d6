"""The settings of workspaces: what each overrides of the installation's, at once valid in all processes."""
