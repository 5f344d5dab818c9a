"""The launch policy (spec 2): request, recommendation, evidence, accounting.

Pure arithmetic on integers; imports the standard library, task, abi and errors.
"""
