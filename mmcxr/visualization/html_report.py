"""A report as one self-contained HTML file: pictures travel inside it."""

import base64
import html
import io
from pathlib import Path

import numpy as np

_STYLE = """
:root{--ink:#1c2430;--soft:#5d6b7c;--line:#dde3ea;--paper:#fff;--wash:#f5f7fa}
*{box-sizing:border-box}
body{margin:0 auto;padding:2rem 1.25rem 4rem;max-width:1080px;color:var(--ink);
 background:var(--paper);font:16px/1.55 system-ui,-apple-system,"Segoe UI",sans-serif}
h1{font-size:1.75rem;line-height:1.25;margin:0 0 .5rem}
h2{font-size:1.25rem;margin:2.5rem 0 .5rem;padding-top:1rem;
 border-top:1px solid var(--line)}
p{margin:.4rem 0 .9rem;max-width:75ch}
table{border-collapse:collapse;margin:.75rem 0;font-variant-numeric:tabular-nums}
th,td{padding:.35rem .8rem;text-align:right;border-bottom:1px solid var(--line)}
th{color:var(--soft);font-weight:600}
th:first-child,td:first-child{text-align:left}
.scroll{overflow-x:auto}
.gallery{display:grid;gap:1rem;margin:.75rem 0;
 grid-template-columns:repeat(auto-fill,minmax(230px,1fr))}
.wide{grid-template-columns:repeat(auto-fill,minmax(420px,1fr))}
figure{margin:0;background:var(--wash);border:1px solid var(--line);
 border-radius:8px;overflow:hidden}
img{display:block;width:100%;height:auto}
figcaption{padding:.6rem .75rem;font-size:.86rem;line-height:1.45;white-space:pre-line}
@media(max-width:480px){.wide{grid-template-columns:1fr}}
"""


def encode_picture(picture) -> str:
    """Data URI of a picture.

    Args:
        picture: uint8 array (H, W) or (H, W, 3) RGB, or a matplotlib figure.
    """
    buffer = io.BytesIO()
    if isinstance(picture, np.ndarray):
        from PIL import Image

        if picture.dtype != np.uint8:
            raise TypeError(f'a picture is uint8, this one is {picture.dtype}')
        Image.fromarray(picture).save(buffer, format='png', optimize=True)
        kind = 'png'
    else:
        picture.savefig(buffer, format='svg', bbox_inches='tight')
        kind = 'svg+xml'
    return f'data:image/{kind};base64,' + base64.b64encode(buffer.getvalue()).decode()


class HTMLReport:
    """Headings, paragraphs, tables and pictures in the order they are added.

    All text is escaped: a report may hold any character.
    """

    def __init__(self, title: str) -> None:
        self.title = title
        self._parts = [f'<h1>{html.escape(title)}</h1>']

    def heading(self, text: str) -> None:
        """Start a section."""
        self._parts.append(f'<h2>{html.escape(text)}</h2>')

    def paragraph(self, text: str) -> None:
        """Add running text."""
        self._parts.append(f'<p>{html.escape(text)}</p>')

    def table(self, header: list[str], rows: list[list]) -> None:
        """Add a table; the first column is the row's name."""

        def line(cells, tag):
            return ''.join(f'<{tag}>{html.escape(str(c))}</{tag}>' for c in cells)

        body = ''.join(f'<tr>{line(row, "td")}</tr>' for row in rows)
        self._parts.append(
            f'<div class="scroll"><table><thead><tr>{line(header, "th")}</tr></thead>'
            f'<tbody>{body}</tbody></table></div>'
        )

    def gallery(self, pictures: list[tuple], wide: bool = False) -> None:
        """Add pictures side by side.

        Args:
            pictures: pairs (picture, caption); see :func:`encode_picture`.
            wide: two columns instead of four.
        """
        figures = ''.join(
            f'<figure><img alt="{html.escape(caption.splitlines()[0], quote=True)}" '
            f'src="{encode_picture(picture)}">'
            f'<figcaption>{html.escape(caption)}</figcaption></figure>'
            for picture, caption in pictures
        )
        extra = ' wide' if wide else ''
        self._parts.append(f'<div class="gallery{extra}">{figures}</div>')

    def save(self, path: str | Path) -> Path:
        """Write the file and return its path."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            '<!doctype html><html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width,initial-scale=1">'
            f'<title>{html.escape(self.title)}</title><style>{_STYLE}</style></head>'
            f'<body>{"".join(self._parts)}</body></html>\n',
            encoding='utf-8',
        )
        return path
