from . import formatting, geometry, image, loading, prompt_report, text, views
