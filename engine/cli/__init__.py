"""The command `equirank`: a command parses, calls one plain function, prints."""

from __future__ import annotations


def main() -> None:
    """Run the command line; engine errors are told without a traceback, with their exit code."""
    import sys

    from engine.cli.environment import (
        collect_garbage_seldom,
        keep_blas_to_one_thread,
        refuse_environment,
    )
    from engine.cli.memory import no_memory, refuse_command
    from engine.errors import EngineError, Interrupted

    keep_blas_to_one_thread()
    collect_garbage_seldom()
    try:
        from engine.cli import (  # noqa: F401 - they bring their commands
            draft_commands,
            night_commands,
            store_commands,
            trust_commands,
        )
        from engine.cli.app import app

        refuse_environment()
        refuse_command(sys.argv[1:])
        app()
    except EngineError as error:
        sys.stderr.write(f"equirank: {error}\n")
        sys.exit(error.exit_code)
    except MemoryError as error:
        told = no_memory(error)
        sys.stderr.write(f"equirank: {told}\n")
        sys.exit(told.exit_code)
    except KeyboardInterrupt:
        # Before or after the work itself: nothing has been written.
        sys.stderr.write("equirank: interrupted; nothing was written.\n")
        sys.exit(Interrupted.exit_code)
    except BrokenPipeError:
        # The reader of stdout (`head`) has gone; there is nobody left to tell.
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        sys.stderr.write(f"equirank: output cannot be written ({error.strerror}).\n")
        sys.exit(2)
    except Exception as error:  # noqa: BLE001 - never the text of a library's error: it may quote a record
        from traceback import format_tb

        name, places = type(error).__name__, "".join(format_tb(error.__traceback__))
        sys.stderr.write(f"equirank: internal error ({name}); please report where it happened:\n{places}")
        sys.exit(1)
