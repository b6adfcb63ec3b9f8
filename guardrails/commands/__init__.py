"""The commands, one file each, loaded when it is called: `register(app)` adds it to the command line."""
