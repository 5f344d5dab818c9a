"""`python -m vyrectl`."""

from vyrectl.files.python import leave_out_user_folder

if __name__ == "__main__":
    leave_out_user_folder()
    from vyrectl.cli.start import start

    start()
