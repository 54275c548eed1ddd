from . import (
    crops,
    formatting,
    geometry,
    image,
    loading,
    masking,
    mirror,
    prompt_report,
    sentences,
    text,
    views,
)
