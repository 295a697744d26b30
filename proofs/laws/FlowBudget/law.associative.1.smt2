; tellverify/smt-1
; obligation: FlowBudget/law[associative]
; source: specs/laws/aura.toml
; sha256: f74326632f2796b81d3f63cf008897c5b209cf1cd7d3a7ce75e270e99424c083
(set-info :smt-lib-version 2.6)
(set-info :status unsat)
(set-info :core "p15")
(set-logic QF_LIA)
; x0: a.limit
(declare-const x0 Int)
; x1: a.spent.first
(declare-const x1 Int)
; x2: a.spent.second
(declare-const x2 Int)
; x3: a.epoch
(declare-const x3 Int)
; x4: b.limit
(declare-const x4 Int)
; x5: b.spent.first
(declare-const x5 Int)
; x6: b.spent.second
(declare-const x6 Int)
; x7: b.epoch
(declare-const x7 Int)
; x8: c.limit
(declare-const x8 Int)
; x9: c.spent.first
(declare-const x9 Int)
; x10: c.spent.second
(declare-const x10 Int)
; x11: c.epoch
(declare-const x11 Int)
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
(assert (! (not (< x6 0)) :named p6))
; p7: condition 7
(assert (! (not (< x7 0)) :named p7))
; p8: condition 8
(assert (! (not (< x8 0)) :named p8))
; p9: condition 9
(assert (! (not (< x9 0)) :named p9))
; p10: condition 10
(assert (! (not (< x10 0)) :named p10))
; p11: condition 11
(assert (! (not (< x11 0)) :named p11))
; p12: condition 12
(assert (! (not (< 18446744073709551615 x0)) :named p12))
; p13: condition 13
(assert (! (not (< 18446744073709551615 x4)) :named p13))
; p14: condition 14
(assert (! (not (< 18446744073709551615 x8)) :named p14))
; p15: the law is broken
(assert (! (not (and (= (ite (< x3 (ite (< x7 x11) x11 (ite (< x11 x7) x7 x7))) (ite (< x7 x11) x8 (ite (< x11 x7) x4 (ite (< x8 x4) x8 x4))) (ite (< (ite (< x7 x11) x11 (ite (< x11 x7) x7 x7)) x3) x0 (ite (< (ite (< x7 x11) x8 (ite (< x11 x7) x4 (ite (< x8 x4) x8 x4))) x0) (ite (< x7 x11) x8 (ite (< x11 x7) x4 (ite (< x8 x4) x8 x4))) x0))) (ite (< (ite (< x3 x7) x7 (ite (< x7 x3) x3 x3)) x11) x8 (ite (< x11 (ite (< x3 x7) x7 (ite (< x7 x3) x3 x3))) (ite (< x3 x7) x4 (ite (< x7 x3) x0 (ite (< x4 x0) x4 x0))) (ite (< x8 (ite (< x3 x7) x4 (ite (< x7 x3) x0 (ite (< x4 x0) x4 x0)))) x8 (ite (< x3 x7) x4 (ite (< x7 x3) x0 (ite (< x4 x0) x4 x0))))))) (and (= (ite (< x3 (ite (< x7 x11) x11 (ite (< x11 x7) x7 x7))) (ite (< x7 x11) x9 (ite (< x11 x7) x5 (ite (< x5 x9) x9 x5))) (ite (< (ite (< x7 x11) x11 (ite (< x11 x7) x7 x7)) x3) x1 (ite (< x1 (ite (< x7 x11) x9 (ite (< x11 x7) x5 (ite (< x5 x9) x9 x5)))) (ite (< x7 x11) x9 (ite (< x11 x7) x5 (ite (< x5 x9) x9 x5))) x1))) (ite (< (ite (< x3 x7) x7 (ite (< x7 x3) x3 x3)) x11) x9 (ite (< x11 (ite (< x3 x7) x7 (ite (< x7 x3) x3 x3))) (ite (< x3 x7) x5 (ite (< x7 x3) x1 (ite (< x1 x5) x5 x1))) (ite (< (ite (< x3 x7) x5 (ite (< x7 x3) x1 (ite (< x1 x5) x5 x1))) x9) x9 (ite (< x3 x7) x5 (ite (< x7 x3) x1 (ite (< x1 x5) x5 x1))))))) (= (ite (< x3 (ite (< x7 x11) x11 (ite (< x11 x7) x7 x7))) (ite (< x7 x11) x10 (ite (< x11 x7) x6 (ite (< x6 x10) x10 x6))) (ite (< (ite (< x7 x11) x11 (ite (< x11 x7) x7 x7)) x3) x2 (ite (< x2 (ite (< x7 x11) x10 (ite (< x11 x7) x6 (ite (< x6 x10) x10 x6)))) (ite (< x7 x11) x10 (ite (< x11 x7) x6 (ite (< x6 x10) x10 x6))) x2))) (ite (< (ite (< x3 x7) x7 (ite (< x7 x3) x3 x3)) x11) x10 (ite (< x11 (ite (< x3 x7) x7 (ite (< x7 x3) x3 x3))) (ite (< x3 x7) x6 (ite (< x7 x3) x2 (ite (< x2 x6) x6 x2))) (ite (< (ite (< x3 x7) x6 (ite (< x7 x3) x2 (ite (< x2 x6) x6 x2))) x10) x10 (ite (< x3 x7) x6 (ite (< x7 x3) x2 (ite (< x2 x6) x6 x2)))))))) (= (ite (< x3 (ite (< x7 x11) x11 (ite (< x11 x7) x7 x7))) (ite (< x7 x11) x11 (ite (< x11 x7) x7 x7)) (ite (< (ite (< x7 x11) x11 (ite (< x11 x7) x7 x7)) x3) x3 x3)) (ite (< (ite (< x3 x7) x7 (ite (< x7 x3) x3 x3)) x11) x11 (ite (< x11 (ite (< x3 x7) x7 (ite (< x7 x3) x3 x3))) (ite (< x3 x7) x7 (ite (< x7 x3) x3 x3)) (ite (< x3 x7) x7 (ite (< x7 x3) x3 x3))))))) :named p15))
(check-sat)
