"""Imports among the files of one check: what calls bring in, and what is wrong with imports."""

from __future__ import annotations

from tellverify.diagnostics.model import Diagnostic, Severity
from tellverify.language.files import inputs
from tellverify.model.trace import Trace
from tellverify.obligations.options import Options
from tellverify.verdict.outcome import Proved, Refuted, Skipped
from tellverify.verdict.properties import Property
from tellverify.verification.pipeline import Checked, check_files, check_text

SHOP = """\
module Shop exposing (Pay)
protocol Pay =
  roles Buyer, Bank
  Buyer -> Bank : Pay
  call Answer
where
  protocol Answer =
    Bank -> Buyer : Receipt
"""
ORDER = """\
module Sales exposing (Order)
import Shop exposing (Pay)
protocol Order =
  roles Buyer, Seller, Bank
  Buyer -> Seller : Order
  call Pay
  Seller -> Buyer : Goods
"""


def check(options: Options = Options(keep_graphs=True), **files: str) -> Checked:
    texts = [inputs.decode(f"{name}.tell", text.encode()) for name, text in files.items()]
    return check_files(texts, options)


def found(checked: Checked, path: str) -> list[Diagnostic]:
    return [each for each in checked.run.findings if each.path == path]


def numbers(checked: Checked, path: str) -> list[str]:
    return [each.code.number for each in found(checked, path)]


def pointed(checked: Checked, path: str, number: str) -> str:
    (one,) = [each for each in found(checked, path) if each.code.number == number]
    return checked.sources[path].slice(one.primary.span)


def outcomes(checked: Checked, protocol: str) -> dict[Property, object]:
    (report,) = [each for each in checked.run.protocols if each.name == protocol]
    return {verdict.property: verdict.outcome for verdict in report.verdicts}


def events(checked: Checked, path: str, name: str) -> list[str]:
    (graph,) = checked.graphs[path, name].values()
    return [str(graph.event(number)) for number in range(graph.event_count)]


class TestCalls:
    def test_an_imported_protocol_is_put_in_place_of_its_call(self) -> None:
        checked = check(order=ORDER, shop=SHOP)
        assert [event.split()[-1] for event in events(checked, "order.tell", "Sales.Order")] == [
            "Order",
            "Pay",
            "Receipt",
            "Goods",
        ]
        assert numbers(checked, "order.tell") == ["TV294"]
        assert checked.run.exit_code == 0

    def test_events_stand_in_the_file_that_they_come_from(self) -> None:
        checked = check(order=ORDER, shop=SHOP)
        (graph,) = checked.graphs["order.tell", "Sales.Order"].values()
        sites = [graph.sites[number] for number in graph.site]
        assert [(site.path, site.line) for site in sites] == [
            ("order.tell", 5),
            ("shop.tell", 4),
            ("shop.tell", 8),
            ("order.tell", 7),
        ]
        for site in sites:
            assert checked.sources[site.path].slice(site.span) in (
                "Order",
                "Pay",
                "Receipt",
                "Goods",
            )

    def test_the_order_of_the_files_does_not_matter(self) -> None:
        one, other = check(order=ORDER, shop=SHOP), check(shop=SHOP, order=ORDER)
        assert one.run.findings == other.run.findings
        assert outcomes(one, "Sales.Order") == outcomes(other, "Sales.Order")

    def test_an_import_without_a_list_brings_in_what_is_exposed(self) -> None:
        whole = ORDER.replace("import Shop exposing (Pay)", "import Shop as S")
        checked = check(order=whole, shop=SHOP)
        assert numbers(checked, "order.tell") == ["TV294"]
        hidden = check(order=whole, shop=SHOP.replace("(Pay)", "(Other)"))
        assert "TV222" in numbers(hidden, "order.tell")

    def test_imports_of_imported_files(self) -> None:
        middle = """\
module Middle exposing (Both)
import Shop exposing (Pay)
protocol Both =
  roles Buyer, Bank
  call Pay
  call Answer
where
  protocol Answer =
    Buyer -> Bank : Thanks
"""
        outer = ORDER.replace("Shop", "Middle").replace("Pay", "Both")
        checked = check(outer=outer, middle=middle, shop=SHOP)
        labels = [event.split()[-1] for event in events(checked, "outer.tell", "Sales.Order")]
        assert labels == ["Order", "Pay", "Receipt", "Thanks", "Goods"]
        assert checked.run.exit_code == 0

    def test_roles_used_by_the_imported_protocol_alone_take_part(self) -> None:
        assert "TV206" not in numbers(check(order=ORDER, shop=SHOP), "order.tell")

    def test_a_refutation_in_imported_text_points_there(self) -> None:
        stuck = """\
module Shop exposing (Pay)
protocol Pay =
  roles Buyer, Bank
  choice Buyer at
    | again =>
        Buyer -> Bank : again
        Buyer -> Seller : again
    | stop =>
        Buyer -> Bank : stop
""".replace("Buyer, Bank", "Buyer, Bank, Seller")
        order = ORDER.replace("  Seller -> Buyer : Goods\n", "")
        checked = check(order=order, shop=stuck)
        outcome = outcomes(checked, "Sales.Order")[Property.NO_STUCK_ROLE]
        refuted = [
            verdict.outcome
            for report in checked.run.protocols
            if report.name == "Sales.Order"
            for verdict in report.verdicts
            if isinstance(verdict.outcome, Refuted)
        ]
        assert refuted, outcome
        evidence = refuted[0].evidence
        assert isinstance(evidence, Trace)
        assert {step.site.path for step in evidence.steps} == {"order.tell", "shop.tell"}
        for one in checked.run.findings:
            source = checked.sources[one.path]
            assert one.primary.span.end <= len(source.text)

    def test_a_choice_may_begin_with_an_imported_call(self) -> None:
        order = """\
module Sales exposing (Order)
import Shop exposing (Pay)
protocol Order =
  roles Buyer, Bank
  choice Buyer at
    | Pay =>
        call Pay
    | Leave =>
        Buyer -> Bank : Leave
"""
        assert numbers(check(order=order, shop=SHOP), "order.tell") == ["TV294"]

    def test_one_event_in_both_branches_of_a_par(self) -> None:
        order = """\
module Sales exposing (Order)
import Shop exposing (Pay)
protocol Order =
  roles Buyer, Bank
  par
    |
      Buyer -> Bank : Pay
    |
      call Pay
"""
        checked = check(order=order, shop=SHOP)
        (one,) = [each for each in checked.run.findings if each.code.number == "TV255"]
        places = [(one.path, one.primary.span)]
        places += [(other.path or one.path, other.span) for other in one.others]
        assert {path for path, _ in places} == {"order.tell", "shop.tell"}
        assert {checked.sources[path].slice(span) for path, span in places} == {"Pay"}


class TestFaults:
    def test_a_module_that_nobody_declares(self) -> None:
        checked = check(order=ORDER)
        assert numbers(checked, "order.tell") == ["TV235"]
        (one,) = found(checked, "order.tell")
        assert one.severity is Severity.ERROR
        assert pointed(checked, "order.tell", "TV235") == "Shop"
        assert checked.run.exit_code == 1

    def test_such_a_module_is_a_warning_when_nothing_needs_it(self) -> None:
        checked = check(order=ORDER.replace("  call Pay\n", "  Buyer -> Bank : Pay\n"))
        (one,) = found(checked, "order.tell")
        assert (one.code.number, one.severity) == ("TV235", Severity.WARNING)
        assert checked.run.exit_code == 0

    def test_a_text_alone_says_that_it_resolves_nothing(self) -> None:
        run = check_text(ORDER, Options()).run
        (one,) = run.findings
        assert one.notes == ("this text was checked alone, so imports are not resolved",)

    def test_a_name_that_the_module_does_not_declare(self) -> None:
        order = ORDER.replace("(Pay)", "(Pays)").replace("call Pay", "call Pays")
        checked = check(order=order, shop=SHOP)
        assert numbers(checked, "order.tell") == ["TV236"]
        assert pointed(checked, "order.tell", "TV236") == "Pays"
        assert found(checked, "order.tell")[0].helps == ("did you mean `Pay`?",)

    def test_a_local_protocol_of_the_module_cannot_be_imported(self) -> None:
        order = ORDER.replace("(Pay)", "(Answer)").replace("call Pay", "call Answer")
        assert numbers(check(order=order, shop=SHOP), "order.tell") == ["TV236"]

    def test_a_name_that_the_module_keeps_to_itself(self) -> None:
        checked = check(order=ORDER, shop=SHOP.replace("(Pay)", "()"))
        assert numbers(checked, "order.tell") == ["TV237"]
        assert pointed(checked, "order.tell", "TV237") == "Pay"
        assert found(checked, "order.tell")[0].others[0].path == "shop.tell"

    def test_a_type_may_be_imported(self) -> None:
        shop = SHOP.replace("(Pay)", "(Pay, Money)").replace(
            "protocol Pay", "type alias Money = Unit\nprotocol Pay"
        )
        order = ORDER.replace("(Pay)", "(Pay, Money)")
        assert numbers(check(order=order, shop=shop), "order.tell") == ["TV294"]

    def test_an_import_against_a_local_protocol(self) -> None:
        order = ORDER + "where\n  protocol Pay =\n    Buyer -> Bank : Cash\n"
        checked = check(order=order, shop=SHOP)
        assert numbers(checked, "order.tell") == ["TV238"]
        assert pointed(checked, "order.tell", "TV238") == "Pay"

    def test_two_imports_of_one_name(self) -> None:
        order = ORDER.replace("protocol Order", "import Bank exposing (Pay)\nprotocol Order")
        checked = check(order=order, shop=SHOP, bank=SHOP.replace("module Shop", "module Bank"))
        assert "TV238" in numbers(checked, "order.tell")

    def test_two_files_with_the_imported_module(self) -> None:
        checked = check(order=ORDER, shop=SHOP, old=SHOP)
        assert numbers(checked, "order.tell") == ["TV239"]
        assert [one.path for one in found(checked, "order.tell")[0].others] == [
            "shop.tell",
            "old.tell",
        ]

    def test_two_files_with_a_module_that_nobody_imports(self) -> None:
        assert not check(shop=SHOP, old=SHOP).run.findings

    def test_an_import_that_nothing_calls(self) -> None:
        order = ORDER.replace("call Pay", "Buyer -> Bank : Pay")
        checked = check(order=order, shop=SHOP)
        assert numbers(checked, "order.tell") == ["TV292"]
        assert checked.run.exit_code == 0

    def test_a_role_that_the_caller_lacks(self) -> None:
        checked = check(order=ORDER.replace(", Bank", ""), shop=SHOP)
        assert "TV293" in numbers(checked, "order.tell")
        assert pointed(checked, "order.tell", "TV293") == "call Pay"

    def test_a_role_that_the_caller_declares_in_another_way(self) -> None:
        shop = SHOP.replace("roles Buyer, Bank", "roles Buyer, Bank[2]").replace(
            "Bank ->", "Bank[0] ->"
        )
        shop = shop.replace("-> Bank :", "-> Bank[0] :")
        (one,) = [
            each
            for each in found(check(order=ORDER, shop=shop), "order.tell")
            if each.code.number == "TV293"
        ]
        assert one.message.endswith("declares as one role")


class TestCircles:
    def test_two_modules(self) -> None:
        one = ORDER
        other = SHOP.replace("protocol Pay", "import Sales exposing (Order)\nprotocol Pay")
        other = other.replace("call Answer", "call Order").replace(
            "Buyer, Bank", "Buyer, Bank, Seller"
        )
        checked = check(order=one, shop=other)
        assert pointed(checked, "shop.tell", "TV234") == "Sales"
        assert isinstance(outcomes(checked, "Shop.Pay")[Property.WELL_FORMED], Refuted)
        assert isinstance(outcomes(checked, "Sales.Order")[Property.WELL_FORMED], Skipped)

    def test_a_module_that_imports_itself(self) -> None:
        order = ORDER.replace("import Shop exposing (Pay)", "import Sales exposing (Order)")
        checked = check(order=order.replace("call Pay", "call Order"))
        assert numbers(checked, "order.tell") == ["TV234"]
        assert found(checked, "order.tell")[0].message == "the module `Sales` imports itself"

    def test_a_long_chain_of_modules(self) -> None:
        files = {
            f"m{n}": f"module M{n} exposing (P{n})\nimport M{n + 1} exposing (P{n + 1})\n"
            f"protocol P{n} =\n  roles A, B\n  A -> B : L{n}\n  call P{n + 1}\n"
            for n in range(150)
        }
        files["m150"] = (
            "module M150 exposing (P150)\nprotocol P150 =\n  roles A, B\n  B -> A : End\n"
        )
        checked = check(**files)
        assert checked.run.exit_code == 0
        assert len(events(checked, "m0.tell", "M0.P0")) == 151


class TestBrokenFiles:
    def test_the_importer_of_a_broken_file_is_skipped(self) -> None:
        broken = SHOP.replace("Buyer -> Bank : Pay", "Buyer => Bank : Pay")
        other = "protocol Other =\n  roles A, B\n  A -> B : M\n"
        checked = check(order=ORDER, shop=broken, other=other)
        outcome = outcomes(checked, "Sales.Order")[Property.IMPLEMENTABLE]
        assert isinstance(outcome, Skipped)
        assert outcome.reason == "`call Pay` needs `shop.tell`, which has errors"
        assert isinstance(outcomes(checked, "Other")[Property.IMPLEMENTABLE], Proved)
        assert checked.run.exit_code == 1

    def test_so_is_the_importer_of_that_one(self) -> None:
        broken = SHOP.replace("Buyer -> Bank : Pay", "Buyer => Bank : Pay")
        outer = ORDER.replace("Sales", "Outer").replace("Shop", "Sales").replace("Pay", "Order")
        outer = outer.replace("(Order)\nimport", "(Trade)\nimport").replace(
            "l Order =", "l Trade ="
        )
        checked = check(outer=outer, order=ORDER, shop=broken)
        outcome = outcomes(checked, "Outer.Trade")[Property.IMPLEMENTABLE]
        assert isinstance(outcome, Skipped)
        assert "`order.tell`, where `call Pay` needs `shop.tell`" in outcome.reason

    def test_a_broken_file_that_nothing_is_called_of_changes_nothing(self) -> None:
        broken = SHOP.replace("Buyer -> Bank : Pay", "Buyer => Bank : Pay")
        order = ORDER.replace("call Pay", "Buyer -> Bank : Pay")
        checked = check(order=order, shop=broken)
        assert isinstance(outcomes(checked, "Sales.Order")[Property.IMPLEMENTABLE], Proved)


def test_the_faithful_dialect_ignores_imports() -> None:
    checked = check(Options(dialect="faithful"), order=ORDER, shop=SHOP)
    assert "TV222" in numbers(checked, "order.tell")
