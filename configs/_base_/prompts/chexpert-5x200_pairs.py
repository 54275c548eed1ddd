# CheXzero's prompt pairs, "{}" and "no {}", for the classes of CheXpert 5x200.
prompts = {
    name: dict(pos=[name], neg=[f'no {name}'])
    for name in (
        'Atelectasis', 'Cardiomegaly', 'Consolidation', 'Edema', 'Pleural Effusion')
}
