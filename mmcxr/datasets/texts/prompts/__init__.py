from .table import class_key, load_prompt_table
