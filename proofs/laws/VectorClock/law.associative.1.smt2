; tellverify/smt-1
; obligation: VectorClock/law[associative]
; source: specs/laws/aura.toml
; sha256: f74326632f2796b81d3f63cf008897c5b209cf1cd7d3a7ce75e270e99424c083
(set-info :smt-lib-version 2.6)
(set-info :status unsat)
(set-info :core "p9")
(set-logic QF_LIA)
; x0: a.0
(declare-const x0 Int)
; x1: a.1
(declare-const x1 Int)
; x2: a.2
(declare-const x2 Int)
; x3: b.0
(declare-const x3 Int)
; x4: b.1
(declare-const x4 Int)
; x5: b.2
(declare-const x5 Int)
; x6: c.0
(declare-const x6 Int)
; x7: c.1
(declare-const x7 Int)
; x8: c.2
(declare-const x8 Int)
; x9: a.0?
(declare-const x9 Bool)
; x10: b.0?
(declare-const x10 Bool)
; x11: c.0?
(declare-const x11 Bool)
; x12: a.1?
(declare-const x12 Bool)
; x13: b.1?
(declare-const x13 Bool)
; x14: c.1?
(declare-const x14 Bool)
; x15: a.2?
(declare-const x15 Bool)
; x16: b.2?
(declare-const x16 Bool)
; x17: c.2?
(declare-const x17 Bool)
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
; p9: the law is broken
(assert (! (not (and (= (or x9 (or x10 x11)) (or (or x9 x10) x11)) (or (not (or x9 (or x10 x11))) (= (ite x9 (ite (or x10 x11) (ite (< x0 (ite x10 (ite x11 (ite (< x3 x6) x6 x3) x3) x6)) (ite x10 (ite x11 (ite (< x3 x6) x6 x3) x3) x6) x0) x0) (ite x10 (ite x11 (ite (< x3 x6) x6 x3) x3) x6)) (ite (or x9 x10) (ite x11 (ite (< (ite x9 (ite x10 (ite (< x0 x3) x3 x0) x0) x3) x6) x6 (ite x9 (ite x10 (ite (< x0 x3) x3 x0) x0) x3)) (ite x9 (ite x10 (ite (< x0 x3) x3 x0) x0) x3)) x6))) (= (or x12 (or x13 x14)) (or (or x12 x13) x14)) (or (not (or x12 (or x13 x14))) (= (ite x12 (ite (or x13 x14) (ite (< x1 (ite x13 (ite x14 (ite (< x4 x7) x7 x4) x4) x7)) (ite x13 (ite x14 (ite (< x4 x7) x7 x4) x4) x7) x1) x1) (ite x13 (ite x14 (ite (< x4 x7) x7 x4) x4) x7)) (ite (or x12 x13) (ite x14 (ite (< (ite x12 (ite x13 (ite (< x1 x4) x4 x1) x1) x4) x7) x7 (ite x12 (ite x13 (ite (< x1 x4) x4 x1) x1) x4)) (ite x12 (ite x13 (ite (< x1 x4) x4 x1) x1) x4)) x7))) (= (or x15 (or x16 x17)) (or (or x15 x16) x17)) (or (not (or x15 (or x16 x17))) (= (ite x15 (ite (or x16 x17) (ite (< x2 (ite x16 (ite x17 (ite (< x5 x8) x8 x5) x5) x8)) (ite x16 (ite x17 (ite (< x5 x8) x8 x5) x5) x8) x2) x2) (ite x16 (ite x17 (ite (< x5 x8) x8 x5) x5) x8)) (ite (or x15 x16) (ite x17 (ite (< (ite x15 (ite x16 (ite (< x2 x5) x5 x2) x2) x5) x8) x8 (ite x15 (ite x16 (ite (< x2 x5) x5 x2) x2) x5)) (ite x15 (ite x16 (ite (< x2 x5) x5 x2) x2) x5)) x8))))) :named p9))
(check-sat)
