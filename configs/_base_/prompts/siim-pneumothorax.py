# CXR-CLIP's zero-shot prompt pair for SIIM-ACR Pneumothorax.
prompts = dict(
    Pneumothorax=dict(pos=['Pneumothorax'], neg=['No Pneumothorax']))
