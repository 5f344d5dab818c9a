"""`python -m vyrectl`."""

from vyrectl.cli.start import be_ready, start

if __name__ == "__main__":
    be_ready()
    from vyrectl.files.python import leave_out_user_folder

    leave_out_user_folder()
    start()
