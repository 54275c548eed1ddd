from mmcxr.datasets.prompts.table import class_key, load_prompt_table
