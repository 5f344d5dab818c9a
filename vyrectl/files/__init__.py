"""Files and standard streams as the system gives them: read whole within a bound, written whole or not at all."""
