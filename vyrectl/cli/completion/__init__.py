"""Completion scripts: what the program accepts (`model`), which words fit (`kinds`), a renderer per shell.

The scripts are static files, made when the repository is generated and read by users' shells; no completion
starts Python except the list of devices, once per session.
"""
