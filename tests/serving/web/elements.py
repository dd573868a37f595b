"""Read the tags of a page."""

from html.parser import HTMLParser


class Elements(HTMLParser):
    """Collect tags with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def having(self, tag: str, **attributes: str) -> list[dict[str, str]]:
        """List the attributes of a tag's elements that have these; `class` counts word by word."""
        return [
            attrs
            for name, attrs in self.found
            if name == tag
            and all(
                value in attrs.get(key, "").split() if key == "class" else attrs.get(key) == value
                for key, value in attributes.items()
            )
        ]
