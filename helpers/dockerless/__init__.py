"""Images without a container engine, spoken as the Docker Engine API.

    engine = Engine(folder)                          # local images, as plain Python
    app = application(engine, secret="…")            # the Docker Engine API below /<secret>/, for any WSGI server

The docker SDK and the Docker CLI then build, tag, push and pull at ``tcp://127.0.0.1:<port>/<secret>``. What takes a container (RUN in a
Dockerfile, ``docker run``) is not here and says so. Images are OCI images, and the same sources give the same digest on every computer.
"""

from dockerless.api import application
from dockerless.engine import Engine
from dockerless.errors import EngineError

__all__ = ["Engine", "EngineError", "application"]
