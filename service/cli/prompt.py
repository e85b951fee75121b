"""The interactive prompt: queries and a few commands, with history and completion from the vocabulary."""

import errno
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory, History, InMemoryHistory

from embeddings import EmbeddingsError, Method, Options, QueryError
from service.cli.answer_lines import show_answer
from service.cli.asker import Askable, ask
from service.cli.display import console, show_error

HELP = """\
king - man + woman                       the words nearest to a sum
United States : dollar :: Mexico : ?     an analogy; the ? may stand in any place
breakfast, cereal, dinner, lunch         the odd one out
coffee <> tea                            how alike two words are
2*king - 0.5*(man + boy)                 weights and brackets
"rock and roll" - rock                   quotes make one term

:model [NAME]     show the models, or change to one
:k N              show N results
:method NAME      3cosadd, 3cosmul or 3cosavg
:explain          say why, or stop saying it
:exact            search every word, or go through the index again
:quit             leave (so does Ctrl-D)"""

_WORD = re.compile(r"[^\s+*():,?<>\"“”]+$")


class WordCompleter(Completer):
    """Completes the word before the cursor with words of the vocabulary, the most frequent first."""

    def __init__(self, model: Askable) -> None:
        self.model = model

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:  # noqa: ARG002
        match = _WORD.search(document.text_before_cursor)
        if match and not document.text_before_cursor.startswith(":"):
            try:
                words = self.model.complete(match[0], 12)
            except EmbeddingsError:  # of a service that is gone: what is asked next says so
                return
            for word in words:
                yield Completion(word, start_position=-len(match[0]))


def run_prompt(
    model: Askable,
    options: Options,
    open_model: Callable[[str], Askable],
    list_names: Callable[[], list[str]],
    history: Path,
) -> None:
    """Read queries until the end of input. An error is shown, and the prompt goes on."""
    completer = WordCompleter(model)
    session: PromptSession[str] = PromptSession(
        history=_history(history), completer=completer, complete_while_typing=False
    )
    out = console()
    out.print(f"{model.title}. :help shows what can be asked, :quit leaves.", markup=False)
    while (line := _read_line(session)) not in (None, ":quit", ":q", ":exit"):
        try:
            if line and line.startswith(":"):
                completer.model, options = _command(line, completer.model, options, open_model, list_names)
            elif line:
                show_answer(ask(completer.model, line, options), sys.stdout)
        except EmbeddingsError as error:
            show_error(error)
        except KeyboardInterrupt:
            continue


def _read_line(session: "PromptSession[str]") -> str | None:
    """The line that was typed, empty after Ctrl-C; None at the end of input."""
    try:
        return session.prompt("> ").strip()
    except KeyboardInterrupt:
        return ""
    except EOFError:
        return None
    except OSError as error:
        if error.errno == errno.EIO:  # the terminal was closed
            return None
        raise


def _command(
    line: str,
    model: Askable,
    options: Options,
    open_model: Callable[[str], Askable],
    list_names: Callable[[], list[str]],
) -> tuple[Askable, Options]:
    name, _, value = line[1:].partition(" ")
    value = value.strip()
    out = console()
    match name:
        case "help" | "h":
            out.print(HELP, markup=False)
        case "model" if value:
            model = open_model(value)
            out.print(model.title, markup=False)
        case "model":
            out.print(f"{model.title}; there are: {', '.join(list_names())}", markup=False)
        case "k" if value.isdecimal():
            options = replace(options, k=int(value))
        case "method" if value in list(Method):
            options = replace(options, method=Method(value))
        case "explain":
            options = replace(options, explain=not options.explain)
            out.print(f"explain is {'on' if options.explain else 'off'}")
        case "exact":
            options = replace(options, exact=not options.exact)
            out.print(f"exact search is {'on' if options.exact else 'off'}")
        case _:
            raise QueryError(f"'{line}' is not a known command. :help lists them.")
    return model, options


def _history(path: Path) -> History:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("a").close()
    except OSError as error:
        console().print(f"The history is kept for this session only: {path}: {error.strerror}.", markup=False)
        return InMemoryHistory()
    return FileHistory(str(path))
