from . import (
    formatting,
    geometry,
    image,
    loading,
    masking,
    prompt_report,
    text,
    views,
)
