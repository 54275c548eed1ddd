"""Run a function on several gloo processes."""

import torch
import torch.distributed as dist
import torch.multiprocessing as mp

# Forking spares the seconds of imports, but not after CUDA has been touched.
START = 'spawn' if torch.cuda.is_available() else 'fork'


def run_ranks(work, world, folder, *args):
    """``work(rank, world, *args)`` on each rank; its results, in order of rank."""
    mp.start_processes(
        _enter, (work, world, folder, *args), nprocs=world, start_method=START
    )
    return [torch.load(folder / f'{rank}.pth') for rank in range(world)]


def _enter(rank, work, world, folder, *args):
    torch.set_num_threads(1)
    dist.init_process_group(
        'gloo', init_method=f'file://{folder}/meet', rank=rank, world_size=world
    )
    torch.save(work(rank, world, *args), folder / f'{rank}.pth')
    dist.barrier()
    dist.destroy_process_group()
