"""Jobs: mining in blocks whose results are files, so that any engine can run them and a stop costs a block.

``plan`` says what is made and in which blocks; ``job`` is what a worker
opens; ``tasks`` are the blocks of work; ``running`` has an engine run them, stage after stage; ``estimate`` says
beforehand what it will take.
"""

from negviz.jobs.estimate import Estimate, cores, estimate, plan_lines
from negviz.jobs.plan import Plan, make_plan
from negviz.jobs.running import pool_of_job, run_job, save_pool_of

__all__ = ["Estimate", "Plan", "cores", "estimate", "make_plan", "plan_lines", "pool_of_job", "run_job", "save_pool_of"]
