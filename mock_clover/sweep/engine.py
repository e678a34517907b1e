"""A whole sweep: two runs without faults, then one run for each cell."""

import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from typing import Any, NamedTuple

from mock_clover.sandbox.clock import machine_ms
from mock_clover.sweep.calls import (
    RecordedCall,
    differences_between,
    find_exchange,
    recorded_webhooks,
)
from mock_clover.sweep.faults import BY_NAME, DECLINE_RULE
from mock_clover.sweep.goods import compare_goods
from mock_clover.sweep.money import Money, compare_money
from mock_clover.sweep.plan import plan_cells, unmatched_selections
from mock_clover.sweep.records import (
    Cell,
    Missed,
    Options,
    PlannedRun,
    RunResult,
    SweepError,
    SweepResult,
)
from mock_clover.sweep.runner import Runner, calls_of
from mock_clover.sweep.verdict import End, judge
from mock_clover.testing.report import delivery_line, exchange_line

_REFERENCE_RUNS = 2
_OUTPUT_CHARS_MAX = 4_000
_JOURNAL_LINES_MAX = 100
OnCell = Callable[[Cell | Missed, int, int], object]
"""Called after each run with its result, the number of runs that are done, and of all."""


class FaultFree(NamedTuple):
    """What the runs without faults did."""

    calls: list[RecordedCall]
    money: Money
    goods: list[dict[str, Any]]
    nondeterminism: tuple[str, ...]
    took_ms: int


def run_without_faults(runner: Runner) -> FaultFree:
    """Run the command twice without faults. Raises SweepError if no verdict would be possible."""
    first, second = _run_references(runner)
    for result in (first, second):
        _check_reference(result, runner.options)
    if not compare_money(second.money, first.money).same:
        differs = "; ".join(compare_money(second.money, first.money).differs)
        raise SweepError(
            "two runs without a fault move different money, so no run can be judged: "
            f"{differs.replace('without the fault', 'in the first run')}. Make the command "
            "repeatable, for example by a fixed seed for its random amounts"
        )
    calls = calls_of(first)
    if not calls:
        raise SweepError(
            "the command made no call to the sandbox; it must use CLOVER_BASE_URL and the "
            "credentials of its environment"
        )
    again = calls_of(second)
    common = {call.name for call in (*again, *recorded_webhooks(second.deliveries))}
    all_calls = (*calls, *recorded_webhooks(first.deliveries))
    return FaultFree(
        calls=[call for call in all_calls if call.name in common],
        money=first.money,
        goods=first.goods,
        nondeterminism=tuple(differences_between(calls, again)),
        took_ms=max(first.took_ms, second.took_ms),
    )


def _run_references(runner: Runner) -> list[RunResult]:
    """Run the command without faults, in a thread: an interrupt must not miss a new process."""
    labels = [f"reference-{number}" for number in range(1, _REFERENCE_RUNS + 1)]
    with ThreadPoolExecutor(1) as pool:
        try:
            return [pool.submit(runner.run, None, label).result() for label in labels]
        except BaseException:
            runner.commands.stop()
            raise


def _check_reference(result: RunResult, options: Options) -> None:
    if result.exit is None:
        raise SweepError(
            f"the command did not end within {options.timeout_s:g} s without a fault (--timeout)"
        )
    if result.exit != 0:
        raise SweepError(
            f"the command fails without a fault, with exit code {result.exit}:\n{result.output}"
        )
    if result.repaired is None:
        return
    if result.repair_exit != 0:
        raise SweepError(
            f"the reconcile command fails without a fault, with exit code {result.repair_exit}:\n"
            f"{result.output}"
        )
    check = compare_money(result.repaired, result.money)
    if not check.same:
        differs = "; ".join(check.differs).replace("without the fault", "before it")
        raise SweepError(f"the reconcile command moves money without a fault: {differs}")


def sweep(
    runner: Runner,
    reference: FaultFree,
    done: Mapping[str, Cell | Missed],
    on_cell: OnCell,
) -> SweepResult:
    """Run all cells that are not done, and return the result. Raises SweepError."""
    options, began_ms = runner.options, machine_ms()
    if unmatched := unmatched_selections(reference.calls, options):
        raise SweepError("\n".join(unmatched))
    plans = plan_cells(reference.calls, options)
    planned, left = plans[: options.budget], plans[len(plans[: options.budget]) :]
    results: dict[str, Cell | Missed] = {
        plan.name: done[plan.name] for plan in planned if plan.name in done
    }
    pending = [plan for plan in planned if plan.name not in results]
    for plan, result in _run_all(runner, reference, pending):
        results[plan.name] = result
        on_cell(result, len(results), len(planned))
    ordered = [results[plan.name] for plan in planned]
    return SweepResult(
        command=shlex.join(options.command),
        seed=options.seed,
        calls=tuple(call.name for call in reference.calls),
        reference=reference.money,
        nondeterminism=reference.nondeterminism,
        cells=tuple(each for each in ordered if isinstance(each, Cell)),
        missed=tuple(each for each in ordered if isinstance(each, Missed)),
        left_out=tuple(plan.name for plan in left),
        runs=_REFERENCE_RUNS + len(pending),
        took_ms=machine_ms() - began_ms + _REFERENCE_RUNS * reference.took_ms,
    )


def _run_all(
    runner: Runner, reference: FaultFree, plans: Sequence[PlannedRun]
) -> Iterable[tuple[PlannedRun, Cell | Missed]]:
    """Run cells in parallel and yield each as it ends; an interrupt ends their commands."""
    with ThreadPoolExecutor(runner.options.jobs) as pool:
        futures: dict[Future[Cell | Missed], PlannedRun] = {
            pool.submit(run_cell, runner, reference, plan): plan for plan in plans
        }
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BaseException:
            runner.commands.stop()
            pool.shutdown(cancel_futures=True)
            raise


def run_cell(runner: Runner, reference: FaultFree, plan: PlannedRun) -> Cell | Missed:
    """Run the command with one fault and judge the run."""
    result = runner.run(plan, plan.name)
    if why := _why_missed(result, plan):
        return Missed(call=plan.call.name, fault=plan.fault, why=why)
    end: End = "succeeded" if result.exit == 0 else "failed"
    money = compare_money(result.money, reference.money)
    repaired = None
    if result.repaired is not None:
        repaired = compare_money(result.repaired, reference.money)
    ran_reconcile = bool(runner.options.reconcile) and result.exit is not None
    judgement = judge(
        "hung" if result.exit is None else end,
        money,
        repaired,
        compare_goods(result.goods, reference.goods),
        repair_hung=ran_reconcile and result.repair_exit is None,
    )
    repeat = (*runner.options.repeat, "--only", plan.name, "--", *runner.options.command)
    return Cell(
        call=plan.call.name,
        fault=plan.fault,
        verdict=judgement.verdict,
        reasons=judgement.reasons,
        exit=result.exit,
        reconcile_exit=result.repair_exit,
        ledger=result.money if result.repaired is None else result.repaired,
        repeat=shlex.join(repeat),
        merged=plan.merged,
        journal=_lines(result),
        output=result.output[-_OUTPUT_CHARS_MAX:],
        took_ms=result.took_ms,
    )


def _why_missed(result: RunResult, plan: PlannedRun) -> str:
    """Return why the fault did not apply, or ''."""
    if plan.call.event is not None:
        return _why_webhook_missed(result, plan.call.event, plan.call.ordinal)
    exchange = find_exchange(result.exchanges, plan.call)
    if exchange is None:
        return "the command did not make this call in the run with the fault"
    is_declined = BY_NAME[plan.fault].group == "decline"
    if DECLINE_RULE in exchange["why"] if is_declined else exchange.get("fault"):
        return ""
    return "the fault did not apply to this call"


def _why_webhook_missed(result: RunResult, event: str, ordinal: int) -> str:
    states = [each["state"] for each in result.deliveries if (each.get("event") or "") == event]
    if len(states) < ordinal:
        return "no such webhook was due in the run with the fault"
    return "no later webhook came, so it was never sent" if "held" in states else ""


def _lines(result: RunResult) -> tuple[str, ...]:
    """Return the calls and the webhooks of a run as text."""
    lines = [exchange_line(each) for each in result.exchanges[-_JOURNAL_LINES_MAX:]]
    lines += [f"webhook {delivery_line(each)}" for each in result.deliveries[-_JOURNAL_LINES_MAX:]]
    return tuple(lines)
