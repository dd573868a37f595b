"""Start the server for production, under gunicorn: `python -m serving.web.start`.

gunicorn reads WEB_CONCURRENCY itself, as soon as it is imported, and ends with a traceback where it
is no number. So the settings are checked before. What follows on the command line are options of
gunicorn's.
"""

import os
import sys
from pathlib import Path

CONFIGURATION = Path(__file__).parents[1] / "gunicorn.conf.py"
APPLICATION = "serving.web.app:create_app()"


def main() -> None:
    """Check the settings, then run gunicorn in this process."""
    from serving.web.environment import SettingsError, read_settings

    try:
        settings = read_settings()
    except SettingsError as error:
        sys.exit(f"error: {error}")
    os.environ["WEB_CONCURRENCY"] = str(settings.workers)
    from gunicorn.app.wsgiapp import run

    sys.argv = ["gunicorn", "--config", str(CONFIGURATION), *sys.argv[1:], APPLICATION]
    run()


if __name__ == "__main__":
    main()
