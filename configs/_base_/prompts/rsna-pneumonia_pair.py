# CheXzero's prompt pair, "{}" and "no {}", for RSNA Pneumonia.
prompts = dict(Pneumonia=dict(pos=['Pneumonia'], neg=['no Pneumonia']))
