; tellverify/smt-1
; obligation: FlowBudget/law[closed rotate]
; source: specs/laws/aura.toml
; sha256: f74326632f2796b81d3f63cf008897c5b209cf1cd7d3a7ce75e270e99424c083
(set-info :smt-lib-version 2.6)
(set-info :status unsat)
(set-info :core "p6 p8")
(set-logic QF_LIA)
; x0: x.limit
(declare-const x0 Int)
; x1: x.spent.first
(declare-const x1 Int)
; x2: x.spent.second
(declare-const x2 Int)
; x3: x.epoch
(declare-const x3 Int)
; x4: epoch
(declare-const x4 Int)
; x5: limit
(declare-const x5 Int)
; p0: condition 0
(assert (! (not (< x0 0)) :named p0))
; p1: condition 1
(assert (! (not (< x1 0)) :named p1))
; p2: condition 2
(assert (! (not (< x2 0)) :named p2))
; p3: condition 3
(assert (! (not (< x3 0)) :named p3))
; p4: condition 4
(assert (! (not (< x4 0)) :named p4))
; p5: condition 5
(assert (! (not (< x5 0)) :named p5))
; p6: condition 6
(assert (! (and (< x3 x4) (not (< 18446744073709551615 x5))) :named p6))
; p7: condition 7
(assert (! (not (< 18446744073709551615 x0)) :named p7))
; p8: the law is broken
(assert (! (not (not (< 18446744073709551615 x5))) :named p8))
(check-sat)
